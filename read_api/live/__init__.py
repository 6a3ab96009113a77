"""Live feeds: server-sent events that a client takes up again where it was, without gap or repeat.

routes.py     the three feeds, and the tickets by which browsers come in
door.py       who may watch, from where, and from which id on
news.py       which watched orders have something new, asked once for all their watchers
seats.py      how many may watch at once
lookout.py    one look at the checkpoints for everybody who watches
feed.py       what a feed is
orders.py     the story of one order, row by row
sales.py      the day's figures of a tenant or a campaign, as state and changed lines
view.py       one watcher's view: what to send next, and when to begin anew
stream.py     the HTTP answer that does not end by itself
hall.py       what all feeds of a process share
ports.py      what the feeds need from outside
"""
