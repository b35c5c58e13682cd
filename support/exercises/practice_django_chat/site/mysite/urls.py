from django.contrib.auth import login
from django.contrib.auth.models import User
from django.shortcuts import redirect, render
from django.urls import path


def chat(request):
    if request.method == "POST":
        user, _ = User.objects.get_or_create(username=request.POST["name"])
        login(request, user)
        return redirect("/")
    return render(request, "chat.html", {"user": request.user})


urlpatterns = [path("", chat)]
