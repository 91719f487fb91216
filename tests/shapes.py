"""The checker of annotations while tests run: beartype, for which a whole number is also a float."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
