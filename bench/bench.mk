# Measurements; none is installed.
EXTRA_DIST += bench/footprint
