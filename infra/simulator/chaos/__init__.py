"""`tuan chaos`: the world while everything fails around it, healed, judged, and certified.

Read in this order. What will fail, pure: `plan.py`. How: `proxy.py` and `network.py` (connections),
`platform.py` (a private platform whose processes can be led through proxies and told where to die),
`processes.py` (kill, stop, crash), `faults.py` (everything else, and one word for each). `load.py` who shops
meanwhile, `run.py` the whole, `certificate.py` what may be claimed afterwards.
"""
