# Programs of the scsi layer's tests.
