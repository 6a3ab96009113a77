"""WeChat Pay API v3 as one of our payment channels.

`channel.py` is the adapter of `commands.ports.PaymentChannel`: what to ask and what an answer means.
`client.py` carries signed requests, `signature.py` says whose words they are, `platform_keys.py` by which of
the channel's keys, `transaction.py` and `refunds.py` read the channel's account of a payment and a refund,
`notification.py` what it tells us unasked, `credentials.py` holds the keys.
"""
