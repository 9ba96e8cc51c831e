"""A notebook run once by papermill, or many runs at once on Dask."""
