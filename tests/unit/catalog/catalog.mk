# Programs of the catalog layer's tests.
