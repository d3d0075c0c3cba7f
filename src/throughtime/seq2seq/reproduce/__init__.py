"""Reproductions of papers: trained, measured, and compared with the published results."""
