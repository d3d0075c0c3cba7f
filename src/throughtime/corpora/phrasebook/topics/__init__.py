"""What the phrasebook can talk about, one file a topic, each with its weighted templates."""
