"""The way out: select, price, order, fetch, place."""
