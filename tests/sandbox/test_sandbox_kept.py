"""What once stood is put back, as long as nobody has called since what it stood upon."""


def paid(maison, play):
    order = maison.order()
    maison.prepay(order)
    play("pay", out_trade_no=order["out_trade_no"])
    return order["out_trade_no"]


def test_what_was_paid_is_paid_again_and_what_came_after_is_forgotten(maison, play):
    number = paid(maison, play)
    told = maison.query(number).json()
    assert play("keep", name="paid") == {"kept": True}
    later = paid(maison, play)
    play("reset")
    assert maison.query(number).status_code == 404
    play("reset")
    assert play("again", name="paid", upon="reset") == {"done": True}
    assert maison.query(number).json() == told
    assert maison.query(later).status_code == 404


def test_upon_anything_else_it_is_not_put(maison, play):
    number = paid(maison, play)
    play("keep", name="paid")
    assert play("again", name="paid", upon="reset")["stands"] == "paid"
    play("reset")
    assert maison.query(number).status_code == 404
    refused = play("again", name="paid", upon="reset")
    assert (refused["done"], refused["stands"]) == (False, None)
    assert maison.query(number).status_code == 404
    assert play("again", name="paid", upon="reset")["calls"] == refused["calls"] + 1


def test_what_changes_after_it_was_put_back_changes_nothing_that_is_kept(maison, play):
    order = maison.order()
    maison.prepay(order)
    play("keep", name="unpaid")
    for _ in range(2):
        play("reset")
        assert play("again", name="unpaid", upon="reset")["done"]
        assert maison.query(order["out_trade_no"]).json()["trade_state"] == "NOTPAY"
        play("pay", out_trade_no=order["out_trade_no"])
        assert maison.query(order["out_trade_no"]).json()["trade_state"] == "SUCCESS"


def test_nothing_is_kept_without_a_name(play):
    assert play.refused("keep").status_code == 400
    assert play.refused("again", upon="reset").status_code == 400
