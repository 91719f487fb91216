"""What pictures are kept in: one file for each kind of container, each with one function that lists it."""
