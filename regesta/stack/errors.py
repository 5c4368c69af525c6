"""Everything the stack refuses or cannot do, said in one message a person can act on."""


class StackError(Exception):
    """The root of every error of the command line and the local stack."""


class PortTaken(StackError):
    """A port a service needs is held by another program."""


class ServiceFailed(StackError):
    """A service did not start, stopped, or did not become healthy in time."""


class AirflowUnavailable(StackError):
    """Airflow's REST API could not be reached or refused a request."""
