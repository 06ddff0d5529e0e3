"""Fills an empty house with the demonstration: two storefronts with everything they need to sell."""
