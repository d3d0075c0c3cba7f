"""Papers done again: trained, measured, and put beside what was published."""
