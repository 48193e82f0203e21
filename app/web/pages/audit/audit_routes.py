"""The routes of the Audit pages, in the order in which their paths are compared."""

from fastapi import APIRouter

from app.web.pages.audit import audit_export, audit_page, permalink, saved_searches, undo_several

router = APIRouter()
router.include_router(audit_page.router)
router.include_router(audit_export.router)
router.include_router(saved_searches.router)
router.include_router(undo_several.router)
router.include_router(permalink.router)  # last: its path ends with the id of any event
