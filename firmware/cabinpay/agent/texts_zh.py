"""texts.py in Chinese. At most 14 characters a line, of which two of ASCII count as one; a code's lines at most 7, to
be shown large, unless they are keys."""

LANGUAGE = "zh"
NAME = 2

LINES = {
    "length": ("二维码过长", "不是本系统码？"),
    "prefix": ("不是付款码", "请出示付款码"),
    "base45": ("扫描损坏", "请重新扫描"),
    "cbor": ("扫描损坏", "请重新扫描"),
    "cose": ("付款码无效", "请换付款方式"),
    "schema": ("付款码无效", "请换付款方式"),
    "no_shift": ("尚未开班", "请先登录"),
    "no_bundle": ("终端未就绪", "请地面人员同步"),
    "issuer": ("不接受该发行方", "请换付款方式"),
    "airline": ("非本航司的凭证", "请换付款方式"),
    "flight": ("其他航班的凭证", "请换付款方式"),
    "currency": ("凭证币种不符", "请换付款方式"),
    "pass_early": ("凭证尚未生效", "请换付款方式"),
    "pass_expired": ("凭证已过期", "请换付款方式"),
    "pass_lifetime": ("凭证有效期过长", "请换付款方式"),
    "no_sale": ("没有商品", "请先输入商品"),
    "mode": ("此方式已关闭", "请按C出示账单"),
    "bundle_expired": ("信任包已过期", "请按C出示账单"),
    "ground_overdue": ("该同步了", "请按C出示账单"),
    "stale": ("付款码已过时", "请刷新付款码"),
    "ahead": ("手机时间偏快", "请按C出示账单"),
    "no_bill": ("没有待付账单", "请按C出示账单"),
    "other_bill": ("这是另一张账单", "请重新扫账单"),
    "amount": ("金额不符", "请旅客重新付款"),
    "order": ("商品不符", "请旅客重新付款"),
    "pass_signature": ("伪造的凭证！", "勿收款，请上报"),
    "payment_signature": ("伪造的付款！", "勿收款，请上报"),
    "approved": ("付款成功",),
    "already_paid": ("已经付过款！", "不要再次收款"),
    "revoked": ("凭证已被撤销", "请换付款方式"),
    "voided": ("该销售已取消", "请刷新付款码"),
    "seq": ("付款码旧或用过", "未付款请刷新"),
    "per_sale": ("超过单笔限额", "请减少商品"),
    "total": ("凭证额度已用完", "请换付款方式"),
    "count": ("凭证次数已用完", "请换付款方式"),
    "terminal_limit": ("超过本终端限额", "减少商品或按C"),
    "passes_full": ("旅客数已满", "请先同步再销售"),
    "full": ("终端已满", "请先同步再销售"),
    "storage": ("存储失败", "请关机再开机"),
    "rolled_back": ("收据缺失", "停售，请上报"),
    "blank": ("终端尚未设置", "请地面人员设置"),
    "needs_recovery": ("存储被格式化", "停售，地面恢复"),
    "damaged": ("收据损坏", "停售，地面同步"),
    "entry_sign_on": ("登录信息有误", "工号*航班*DDMM#"),
    "entry_item": ("请输入商品价格", "货号*数量*单价A"),
    "entry_void": ("*D取消上一笔", "*收据号D取消该收据"),
    "date": ("日期DDMM有误", "0512是12月5日"),
    "pin": ("工号或密码错误",),
    "pin_wait": ("密码错误太多次", "请等%d秒"),
    "price": ("价格见商品目录", "货号*数量 A"),
    "unlisted": ("目录无此商品", "货号*数量*单价A"),
    "no_list": ("没有商品目录", "货号*数量*单价A"),
    "line": ("商品或数量有误", "数量1-255"),
    "lines": ("商品行数过多", "请先付这些"),
    "discount": ("折扣过大", "应付须大于零"),
    "void_unknown": ("本班次无此销售", "请在地面退款"),
    "void_twice": ("该销售已取消", "无需再取消"),
    "receipt": ("收据无法显示",),
    "memory": ("暂时内存不足", "请关机再开机"),
}

SIGN_ON = "登录"
SIGN_ON_KEYS = "工号*航班*DDMM#"
OTHER_LANGUAGE = "A: English"
PIN = "工号%d的密码"
PIN_KEYS = "密码 #，D返回"

NEW_SALE = "新销售 %s"
ITEM_KEYS = "货号*数量*单价A"
LISTED_KEYS = "货号*数量 A，或A: 目录"
SALE_KEYS = ("B扫码，C账单，D清除", "#交班")
MORE_LINES = "另有%d行"
TIP, DISCOUNT = "小费", "折扣"
LIST_KEYS = "B扫码，C账单，D返回"
PAGE_KEYS = "*下一页，#上一页"
CURRENCY_KEY = "0: 改用%s"
BILLS_ONLY = {
    "bundle_expired": "信任包已过期：仅限账单",
    "ground_overdue": "该同步了：仅限账单",
    "no_clock": "没有时间：仅限账单",
}
FULLNESS = "存储已用%d%%，请尽快同步"

SCAN = "请扫描付款码"
BACK = "D: 返回"
RECEIPT = "收据%d"
SHOW_RECEIPT = "C: 收据"

LAST_SALE = "上一笔销售"
CANCELLED = "已取消"
SEEN = "A: 已看过"
CANCEL_IT = "D: 取消该销售"
CANCEL = "取消该销售？"
REASONS = ("1: 商品输入有误", "2: 未交付", "3: 旅客要求", "4: 其他原因")
SALE_CANCELLED = "销售已取消"

CASH_UP = "交班  班次%d"
SOLD = "销售%d笔  %s"
VOIDED = "取消%d笔  %s"
CLOSE_KEYS = "#结束班次，D返回"
