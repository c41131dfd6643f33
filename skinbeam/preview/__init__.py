"""Preview pictures of a planned treatment, computed from the findings of a photograph and the results of trials."""

from skinbeam.model.callable_package import make_callable

make_callable(__name__)
