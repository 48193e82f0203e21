"""The routes of the Notifications pages."""

from fastapi import APIRouter

from app.web.pages.notifications import (
    inbox_page,
    notifications_page,
    rule_buttons,
    rule_form,
    rule_page,
    unsubscribe_page,
)

router = APIRouter()
router.include_router(notifications_page.router)
router.include_router(rule_page.router)
router.include_router(rule_form.router)
router.include_router(rule_buttons.router)
router.include_router(inbox_page.router)
router.include_router(unsubscribe_page.router)
