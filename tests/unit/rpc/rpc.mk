# Programs of the rpc layer's tests.
