"""WeChat Pay API v3 as one of our payment channels.

`channel.py` is the adapter of `commands.ports.PaymentChannel`: what to ask and what an answer means.
`client.py` carries signed requests, `signature.py` says whose words they are, `transaction.py` reads the
channel's account of a payment, `notification.py` what it tells us unasked, `credentials.py` holds the keys.
"""
