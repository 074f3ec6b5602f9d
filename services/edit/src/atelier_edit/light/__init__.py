"""Light on a form: lamps, what they do to a surface, and what light a picture was taken in."""
