"""The dashboard, by Flask's client and by a browser."""
