# Programs of the store layer's tests.
