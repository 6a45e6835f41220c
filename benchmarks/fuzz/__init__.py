"""Gives every loader, the cleaner, the splitter, the recognisers and the schema compiler bad input, and checks them."""
