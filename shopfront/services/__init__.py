"""What changes a storefront's look: the draft, and what is published of it."""
