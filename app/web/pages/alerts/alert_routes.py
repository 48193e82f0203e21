"""The routes of the Alerts pages."""

from fastapi import APIRouter

from app.web.pages.alerts import alert_actions, alerts_page, reorder_export

router = APIRouter()
router.include_router(alerts_page.router)
router.include_router(alert_actions.router)
router.include_router(reorder_export.router)
