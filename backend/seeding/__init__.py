"""Fills an empty house with the demonstration: three storefronts with everything they need to sell."""
