"""Tests of HTTP: through the application, as a client would."""
