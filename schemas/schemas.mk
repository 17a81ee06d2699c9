# The API fragments; embedded by catalog/schema.c.
