"""Captions that come with pictures: their files, objects and the one door."""
