"""The steps, one a module; each says which one it follows."""
