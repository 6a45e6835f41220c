"""What went wrong in the words of a page: an error's message and remedy, in Chinese where the page is.

Messages are written in English. Those that people of a support team meet are known here in Chinese; of any other, the
meaning of its kind is told, and the message itself as it is, where only it tells what is wrong.
"""

from typing import Final, NamedTuple

from agent.api.problems import Problem, problem_of
from agent.console.texts import Texts
from agent.errors import LimnerError
from agent.reasons import translated

__all__ = ["Trouble", "trouble_of"]


class Trouble(NamedTuple):
    """What a page tells of an error; ``original``: its message in English beside a meaning in another language."""

    said: str
    hint: str | None
    original: str | None = None


_MESSAGES: Final = (
    (r"no user (.+) in the store", r"库中没有用户 \1"),
    (r"there is no such page", "没有这个页面"),
    (r"the address is not complete", "网址不完整"),
    (r"there is no schema (.+)", r"没有模式 \1"),
    (r"there is no purpose (.+) here", r"这里没有用途 \1"),
    (r"the key is not good for this\. It needs the scope '(\w+)'", r"密钥没有这项权限，需要 \1"),
    (r"the key is not good for the purpose (.+?)\. It is good for: (.+?)\. .*", r"密钥不能用于用途 \1，只能用于：\2"),
    (
        r"the form is not of this session, or is for another purpose\. Load the page again and repeat it",
        "表单不属于本次登录，或属于另一个用途。请重新打开页面，再做一次",
    ),
    (r"nothing stands at ('.+') in version (\d+) of a profile ('.+')", r"画像 \3 第 \2 版的 \1 处没有值"),
    (r"nothing stands at ('.+') without a profile ('.+')", r"还没有画像 \2，\1 处没有值"),
    (
        r"(.+) for ('.+') is not what the schema ('.+') allows: it does not satisfy (.+)",
        r"模式 \3 的 \2 不能是 \1，不符合 \4",
    ),
    (r"(.+) for ('.+') is not what the schema ('.+') allows: it (.+)", r"模式 \3 的 \2 不能是 \1（\4）"),
    (
        r"(.+) is a past value of ('.+'), and what is confirmed or corrected holds now",
        r"\1 是 \2 过去的值，而确认和更正说的是现在",
    ),
    (r"(.+) is no value of ('.+') in the (?:latest )?profile", r"\1 不是画像中 \2 的值"),
    (r"('.+') is inside of a value", r"\1 在一个值的内部"),
    (r"the schema ('.+') has no attribute (.+)", r"模式 \1 没有属性 \2"),
    (r"(.+) is no attribute of the schema ('.+')", r"模式 \2 没有属性 \1"),
    (r"(.+) is not in the profile", r"\1 不在画像中"),
    (r"('.+') is not told: it is .*", r"策略不允许透露 \1"),
    (r"there is no question", "没有写出问题"),
    (r"the question (.+) has (\d+) characters", r"问题 \1 有 \2 个字符"),
    (r"a correction confirms, corrects or forbids", "只能确认、更正或禁用"),
    (r"user (.+) has no version (\d+) of the profile (.+)", r"用户 \1 的画像 \3 没有第 \2 版"),
    (r"user (.+) has no profile (.+) yet", r"用户 \1 还没有画像 \2"),
    (r"user (.+) has no event (.+)", r"用户 \1 没有消息 \2"),
    (r"something of this user is being erased", "正在删除这位客户的数据"),
    (r"something of this user was erased meanwhile", "这位客户的数据刚才有一部分被删除"),
    (r"the work was cancelled", "已取消"),
    (r"the server is shutting down", "服务器正在关闭"),
)
_HINTS: Final = (
    (r"The list of customers has them(.*)", "客户列表里有全部客户"),
    (r"The customer's page lists them", "客户页面列出了全部版本"),
    (r"There are:? (.+?)(?:; or register it)?", r"现有：\1"),
    (r"Give one of (.+)", r"可以是：\1"),
    (r"Use one of (.+)", r"可以是：\1"),
    (r"Correct all of ('.+')", r"请更正整个 \1"),
    (r"Make the profile first, or give the right value", "请先生成画像，或填写正确的值"),
    (r"Use (.+) for one more entry", r"再加一项请用 \1"),
    (r"Give a value that it allows, or forbid the wrong one", "请填写允许的值，或禁用错误的值"),
    (
        r"If it holds again, give it as the right value; if it was never right, forbid it",
        "如果它又成立，请作为正确的值填写；如果从未正确，请禁用",
    ),
    (r"Give the value of one of its claims", "请选择它的一个值"),
    (r"Ask something of (\d+) to (\d+) characters", r"请用 \1 到 \2 个字符提问"),
    (r"Write one", "请写出问题"),
    (r"Use the buttons of the customer's page", "请使用客户页面上的按钮"),
    (r"Ask again", "请再试一次"),
    (r"Try again later", "请稍后再试"),
    (r"Let it be made first", "请先生成"),
)
_MEANINGS: Final = {
    "no-store": ("还没有载入任何历史", "由服务器的管理者载入"),
    "queue-full": ("等待语言模型的请求太多", "请稍后再试"),
    "store-busy": ("另一个程序正在写入", "请稍后再试"),
    "store-error": ("存储无法使用，可能已损坏", "原因在服务器的日志中，请告诉管理者"),
    "model-unavailable": ("语言模型或向量模型无法使用", "原因在服务器的日志中，请告诉管理者"),
    "model-reply-error": ("语言模型的回复不是所要求的内容", "请再试一次"),
    "backend-unavailable": ("数据库服务器没有应答", "原因在服务器的日志中，请告诉管理者"),
    "token-key-unusable": ("服务器的假名密钥无法使用", "原因在服务器的日志中，请告诉管理者"),
    "cancelled": ("已取消，没有保留任何内容", "请再试一次"),
    "rate-limited": ("请求太多", "请稍后再试"),
    "too-large": ("发送的内容太大", "请减少内容"),
    "profile-invalid": ("模式要求的值，这位客户的历史中没有", "请让这些值可以为空"),
    "schema-error": ("这不是可用的画像模式", None),
    "input-error": ("给出的内容不能使用", None),
    "usage-error": ("这样做没有意义", None),
    "not-found": ("找不到", None),
    "invalid-request": ("请求不完整或有误", None),
    "forbidden": ("没有权限", None),
    "limner-error": ("处理失败", "原因在服务器的日志中，请告诉管理者"),
    "internal-error": ("服务器出错", "请告诉管理者；再试一次也许有用"),
}
_TOLD_IN_ENGLISH: Final = ("schema-error", "input-error", "usage-error", "not-found", "invalid-request", "forbidden")
"""Kinds whose meaning is not enough."""


def trouble_of(error: LimnerError | Problem, texts: Texts, *, for_operator: bool = False) -> Trouble:
    """What a page tells of an error; ``for_operator``: with the names of folders and servers."""
    problem = error if isinstance(error, Problem) else problem_of(error, for_operator=for_operator, door="console")
    hint: str | None = problem.more.get("hint")
    said = problem.detail if hint is None else problem.detail.removesuffix(f". {hint}")
    if texts.language == "en":
        return Trouble(said, hint)
    known, remedy = translated(said, _MESSAGES), None if hint is None else translated(hint, _HINTS)
    meaning, of_kind = _MEANINGS.get(problem.name, (None, None))
    if known is not None:
        return Trouble(known, remedy)
    if meaning is None or problem.name in _TOLD_IN_ENGLISH or for_operator:
        return Trouble(meaning or texts("error.other"), of_kind or remedy, problem.detail)
    return Trouble(meaning, of_kind or remedy)
