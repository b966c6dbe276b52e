"""Cutting out whole folders: what there is to do, the work on one photo, writing it down, and running it all.

`plan` says what there is to do, `work` is the work on one photo around whoever has the engines, `publishing` brings its
results into their place; `hand` joins the three for one photo, and is where others could run a batch elsewhere. `run`
does it here, with many photos at once.
"""
