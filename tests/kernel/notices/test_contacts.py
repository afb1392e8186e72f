"""Mail addresses as mail servers take them."""

import pytest

from tinhso.kernel.people.contacts import Address, Channel, parse_contact


def test_a_domain_in_vietnamese_letters_is_written_as_mail_servers_know_it() -> None:
    assert parse_contact(" Lan@Việtnam.VN ") == Address(Channel.EMAIL, "lan@xn--vitnam-jk8b.vn")


@pytest.mark.parametrize("domain", ["đ" * 60 + ".vn", "việtnam." * 20 + "vn"], ids=["label", "whole"])
def test_an_address_that_no_mail_server_can_take_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="mail address"):
        parse_contact(f"a@{domain}")
