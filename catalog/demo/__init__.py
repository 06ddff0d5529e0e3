"""A demo assortment of invented brands: what a merchant sees first, and what the journey buys."""
