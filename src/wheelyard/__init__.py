"""A service that follows a package index, builds the wheels it lacks, and serves them."""
