# Load generators and footprint measurements; none is installed.
