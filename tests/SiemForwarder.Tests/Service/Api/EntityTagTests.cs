using Microsoft.AspNetCore.Http;
using SiemForwarder.Service.Api;

namespace SiemForwarder.Tests.Service.Api;

public sealed class EntityTagTests
{
    [Theory]
    [InlineData("\"3\"", 3)]
    [InlineData("W/\"3\"", 3)]
    [InlineData("3", 3)]
    [InlineData("", null)]
    [InlineData("*", null)]
    [InlineData("\"-3\"", -1)]
    [InlineData("\"abc\"", -1)]
    [InlineData("\"3\", \"4\"", -1)]
    [InlineData("\"99999999999\"", -1)]
    public void AVersionIsReadAndAnythingElseMatchesNothing(string header, int? version)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.IfMatch = header;

        Assert.Equal(version, EntityTag.Read(context.Request));
    }

    [Fact]
    public void WhatIsSetIsRead()
    {
        var context = new DefaultHttpContext();

        EntityTag.Set(context.Response, 42);
        context.Request.Headers.IfMatch = context.Response.Headers.ETag;

        Assert.Equal("\"42\"", context.Response.Headers.ETag.ToString());
        Assert.Equal(42, EntityTag.Read(context.Request));
    }
}
