import pytest

from retrieval.loaders.footers import trim, without_footer


@pytest.mark.parametrize(
    "footer",
    [
        "This e-mail and any attachments are confidential and intended solely\nfor the addressee. Delete it.",
        "DISCLAIMER: this message is privileged and meant for its recipient.",
        "----\nIf you have received this email in error, tell us.\n\nPlease consider the environment before printing.",
        "You are receiving this email because you shop with us.\nUnsubscribe: https://example.com/u",
        "To unsubscribe from our news, click https://example.com/u",
        "How would you rate the support you received?",
        "How did we do? Rate our service: https://example.com/rate",
        "This is an automated message. Please do not reply to this email.",
        "This email is a service from Acme. Delivered by Zendesk",
        "Sent from my iPhone",
        "Get Outlook for Android",
        "此邮件及其附件仅供指定收件人阅读，如误收请删除。",
        "如果您误收了本邮件，请立即删除。",
        "（本邮件由系统自动发送，请勿直接回复）",
        "如不想再收到此类邮件，请点击这里退订",
        "请对本次客服的服务进行评价：https://example.com/r",
        "发自我的 iPhone",
        "发自华为手机",
    ],
)  # fmt: skip
def test_known_footers_are_cut(footer: str) -> None:
    assert without_footer(f"The lamp broke.\n\n{footer}").rstrip() == "The lamp broke."
    assert without_footer(footer) == footer  # a message is never cut down to nothing


@pytest.mark.parametrize(
    "text",
    [
        "Unsubscribe me, please.",
        "Hello,\n\nplease unsubscribe me from your list",
        "Hello,\n\nyour e-mail was not confidential at all",
        "Hello,\n\nWarning: the e-mail that you sent has a wrong amount in it.",
        "Hello,\n\nthis message is for Anna",
        "Hello,\n\nSent from my old flat, the parcel came back to me and nobody told me why that should be so.",
        "Please take our order seriously, the service was slow.",
        "This email is confidential.\n\nMy name is Anna.",
        "你好\n\n此邮件我已经收到了",
        "你好\n\n发自内心的感谢",
        "请不要再给我发邮件",
    ],
)
def test_words_that_a_user_means_stay(text: str) -> None:
    assert without_footer(text) == text


def test_a_ticket_keeps_its_raw_form() -> None:
    html = "<p>The lamp <b>broke</b>.</p><p>Sent from my iPhone</p>"
    text, raw, cuts = trim(html)
    assert (text, raw) == ("The lamp broke.", html)
    assert cuts["footer"] == len("\n\nSent from my iPhone") and cuts["html"] > 0
    assert trim(5) == (5, None, {})


@pytest.mark.parametrize("piece", ["To unsubscribe ", "\n\n", "> ", "This email is ", "如果您", "邮件", "\n-- "])
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    without_footer(piece * (100_000 // len(piece)))
