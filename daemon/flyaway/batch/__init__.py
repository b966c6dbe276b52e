"""Cutting out whole folders: what there is to do, the work on one photo, writing it down, and running it all.

`plan` says what there is to do, `work` is the work on one photo around whoever has the engines, `publishing` brings
its files into their place. None of them knows the others, nor who calls them how often and where; `run` does that here.
"""
