"""An index of which Debian package holds which file, for each environment's release."""
