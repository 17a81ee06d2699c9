# Programs of the iscsi layer's tests.
