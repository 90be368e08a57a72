using Microsoft.AspNetCore.Http;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Tests.Service.Api;

public sealed class EntityTagTests
{
    [Theory]
    [InlineData("\"3\"", null)]
    [InlineData("\"2\", \"3\"", null)]
    [InlineData("*", null)]
    [InlineData("3", null)]
    [InlineData("W/\"3\"", 412)]
    [InlineData("\"2\"", 412)]
    [InlineData("\"-3\"", 412)]
    [InlineData("\"abc\"", 412)]
    [InlineData("abc", 412)]
    [InlineData("\"99999999999\"", 412)]
    [InlineData("", 428)]
    public void AChangeGoesOnlyWhereTheVersionIsNamed(string header, int? status)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.IfMatch = header;

        Assert.Equal(status, EntityTag.Refuse(context.Request, "source", 3)?.StatusCode);
    }

    [Fact]
    public void WhatIsSetMatches()
    {
        var context = new DefaultHttpContext();

        EntityTag.Set(context.Response, 42);
        context.Request.Headers.IfMatch = context.Response.Headers.ETag;

        Assert.Equal("\"42\"", context.Response.Headers.ETag.ToString());
        Assert.Null(EntityTag.Refuse(context.Request, "source", 42));
    }
}
