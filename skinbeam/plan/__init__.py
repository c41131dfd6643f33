"""Treatment plans: options for each concern ranked under limits and uncertainty, the course, and aftercare."""

from skinbeam.model.callable_package import make_callable

make_callable(__name__)
