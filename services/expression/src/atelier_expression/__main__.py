"""Run the expression service."""

from atelier_service.serving import serve

from atelier_expression.capability import expression_capability
from atelier_expression.servicer import ExpressionServicer

if __name__ == "__main__":
    serve(expression_capability(), ExpressionServicer)
