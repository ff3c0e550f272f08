"""Where notifications go: Amazon SNS or an endpoint like it, and web hooks.

`targets` and `addresses` are rules without I/O: what a web hook's URL may be, which addresses may be talked to.
`network` keeps to them; `hooks`, `sns` and `routes` are notifiers; `deliverer` is the thread that empties outboxes.
"""
