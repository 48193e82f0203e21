"""The routes of the Stock-take page."""

from fastapi import APIRouter

from app.web.pages.stocktake import commit_forms, draft_forms, scan_forms, take_page

router = APIRouter()
router.include_router(take_page.router)
router.include_router(scan_forms.router)
router.include_router(draft_forms.router)
router.include_router(commit_forms.router)
