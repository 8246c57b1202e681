"""The front end for IPython and Jupyter: magics, displays, completion."""
