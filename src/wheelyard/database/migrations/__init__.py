"""The steps that bring a database's schema up to date, in order; run by `migrate.upgrade`."""
