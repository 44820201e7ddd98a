"""Write a notebook cell against one datum, run it over all of them."""
