"""The lab: real hosts of a stack, made of containers on one Linux machine."""
